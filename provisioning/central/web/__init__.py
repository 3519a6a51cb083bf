"""The dashboard: what `central serve` shows. A module is a blueprint, its templates and its test."""
