"""The campus: a small school on loopback that speaks the real protocols of real platforms."""
