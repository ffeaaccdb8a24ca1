"""How does the world outside learn what these messages are? From pages written by the types that read them."""
