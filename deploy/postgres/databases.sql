-- The image makes foothold_ingest; alerts keeps its own database beside it.
create database foothold_alerts;
