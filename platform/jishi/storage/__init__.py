"""The database: the private cluster, its roles, connections and backups; the floor of the road."""
