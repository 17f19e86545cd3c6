"""Coverage-guided fuzzing of every parser (docs/threat-model.md): `make fuzz`. The suite replays its seeds, mutated."""
