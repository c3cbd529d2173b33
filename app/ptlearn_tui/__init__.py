"""ptlearn-tui: a learning dashboard for PyTorch in the terminal."""
