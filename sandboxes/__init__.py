"""Where it happens: engines, images, checkouts, and the persistent session inside a container."""
