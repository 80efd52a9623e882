"""简报: what goes to leaders, from one content model, nothing without proof."""
