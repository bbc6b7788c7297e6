"""One file per task. Adding a recipe is adding a file here; the registry finds it."""
