"""Grafana: dashboards made from a table of questions, and how they are provisioned."""
