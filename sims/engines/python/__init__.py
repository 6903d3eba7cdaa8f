"""The Python engine: any pair played by the interpreter, with the draws of the other engines."""
