"""Who belongs to this region: keys, claims, certificates, and who no longer does."""
