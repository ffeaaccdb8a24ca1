"""How may a stranger's picture be decoded? In a process that holds nothing, opens nothing, and may die of it."""
