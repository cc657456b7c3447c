"""What a deed may be handed: Protocols with two real adapters each, and the parts together."""
