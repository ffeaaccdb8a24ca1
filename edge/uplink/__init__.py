"""How written rows reach the region, and when they may go."""
