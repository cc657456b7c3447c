"""Personal data made safe, and proof of how safe it is."""
