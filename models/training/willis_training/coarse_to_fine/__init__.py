"""System 003: arteries out of TOF-MRA, DeepMedic marks candidates, a dual-channel SE 3-D U-Net outlines them."""
