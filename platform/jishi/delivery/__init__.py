"""What leaves as a whole 交付: the data-element handbook, later exports, webhooks and results back to the sources."""
