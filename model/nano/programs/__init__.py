"""Programs that nano learns from: generated from a typed grammar, never run here."""
