"""The dictionary 字典: code lists, divisions, concepts, departments; what standardise maps to and users ask for."""
