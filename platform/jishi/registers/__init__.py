"""The registers 基础库, each declared once in a module of its own."""
