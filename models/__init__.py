"""The reference networks, trained on the shards that the other tools write."""
