"""Between door and log: events are admitted, held and released, days opened."""
