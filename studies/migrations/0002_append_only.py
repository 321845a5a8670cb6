"""Triggers that keep append-only tables append-only, whoever writes."""

from django.db import migrations

TABLES = ["studies_auditevent", "studies_revision", "studies_membership", "studies_look"]

SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION her2web_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END
$$ LANGUAGE plpgsql
"""
POSTGRES = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
FOR EACH ROW EXECUTE FUNCTION her2web_refuse()
"""


def create_triggers(apps, schema_editor, tables=TABLES, verbs=("update", "delete")):
    """Refuse UPDATE and DELETE on each table."""
    vendor = schema_editor.connection.vendor
    template = {"sqlite": SQLITE, "postgresql": POSTGRES}[vendor]
    if vendor == "postgresql":
        schema_editor.execute(POSTGRES_FUNCTION, params=None)
    for table in tables:
        for verb in verbs:
            schema_editor.execute(template.format(table=table, verb=verb, VERB=verb.upper()), params=None)


def drop_triggers(apps, schema_editor, tables=TABLES, verbs=("update", "delete")):
    """Remove the triggers again."""
    vendor = schema_editor.connection.vendor
    for table in tables:
        for verb in verbs:
            suffix = f" ON {table}" if vendor == "postgresql" else ""
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{suffix}")


class Migration(migrations.Migration):
    """Append-only tables."""

    dependencies = [("studies", "0001_initial")]
    operations = [migrations.RunPython(create_triggers, drop_triggers)]
