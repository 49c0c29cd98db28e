"""What is made from the contracts and what guards them; no service needs it, so none ships it."""
