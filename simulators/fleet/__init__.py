"""A fleet of devices that are not there: each with its own key, certificate and connection, on the real wire."""
