"""Rollouts: a version of a pack goes from stage to stage of hubs, and stops by itself where it does harm."""
