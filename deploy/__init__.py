"""Getting Huiying onto a machine (部署): systemd units, a container image, an offline bundle."""
