"""How does a page reach a browser? Strict headers, fixed files, and streams that end; nothing of a lane or a region."""
