"""Ends commands of skydb in the middle, and looks at what is left and what comes after."""
