"""Promotions are written once, whoever writes."""

import importlib
from functools import partial

from django.db import migrations

append_only = importlib.import_module("studies.migrations.0002_append_only")
TABLES = ["analysis_promotion"]
create_triggers = partial(append_only.create_triggers, tables=TABLES)
drop_triggers = partial(append_only.drop_triggers, tables=TABLES)


class Migration(migrations.Migration):
    """Append-only promotions."""

    dependencies = [("analysis", "0005_evaluation_inputs"), ("studies", "0002_append_only")]
    operations = [migrations.RunPython(create_triggers, drop_triggers)]
