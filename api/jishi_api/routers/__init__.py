"""The routes of the API, one module a family of paths (edge of the road out)."""
