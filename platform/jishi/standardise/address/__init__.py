"""Addresses 地址: free text becomes the parts of a standard address and a division code, and goes back without loss (standardise)."""
