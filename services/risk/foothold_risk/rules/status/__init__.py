"""Where a household stands: assessment, people's words, movements and ways out."""
