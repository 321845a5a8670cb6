"""Looks at the temporal test are counted beside those at the test side."""

import importlib
from functools import partial

import django.db.models.deletion
from django.db import migrations, models

append_only = importlib.import_module("studies.migrations.0002_append_only")
REMADE = ["studies_look"]
create_triggers = partial(append_only.create_triggers, tables=REMADE)
drop_triggers = partial(append_only.drop_triggers, tables=REMADE)


class Migration(migrations.Migration):
    """SQLite makes the table anew, without its triggers: they are taken off before and put back after."""

    dependencies = [("studies", "0016_stage_words")]
    operations = [
        migrations.RunPython(drop_triggers, create_triggers),
        migrations.RemoveConstraint(model_name="look", name="look_number_unique_in_study"),
        migrations.AddField(
            model_name="look",
            name="side",
            field=models.CharField(
                choices=[("training", "training"), ("test", "test"), ("temporal", "temporal test")],
                default="test",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="look",
            name="study",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="all_looks", to="studies.study"
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.UniqueConstraint(
                fields=("study", "side", "number"), name="look_number_unique_on_side"
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.CheckConstraint(
                condition=models.Q(side__in=["test", "temporal"]), name="look_side_held_out"
            ),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
