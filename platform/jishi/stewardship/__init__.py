"""Stewardship 数据治理: what people decide beside the road; here the names the dictionary learns under review."""
