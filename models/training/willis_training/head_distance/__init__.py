"""The head/brain signed-distance network: how far each point lies from the brain's surface, whatever the contrast (SynthStrip's design)."""
