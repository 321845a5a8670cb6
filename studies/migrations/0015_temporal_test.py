"""A third side of the split for patients who came after the seal, and the rule that puts them there."""

import importlib
from functools import partial

from django.db import migrations, models

append_only = importlib.import_module("studies.migrations.0002_append_only")
REMADE = ["studies_membership", "studies_revision"]
"""Here the first; the second was made anew by 0013, which left it without its triggers on SQLite."""
create_triggers = partial(append_only.create_triggers, tables=REMADE)
drop_triggers = partial(append_only.drop_triggers, tables=REMADE)


class Migration(migrations.Migration):
    """SQLite makes the table anew, without its triggers: they are taken off before and put back after."""

    dependencies = [("studies", "0014_clip_exam_digest")]
    operations = [
        migrations.RunPython(drop_triggers, create_triggers),
        migrations.RemoveConstraint(model_name="membership", name="membership_side_known"),
        migrations.AlterField(
            model_name="membership",
            name="side",
            field=models.CharField(
                choices=[("training", "training"), ("test", "test"), ("temporal", "temporal test")],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                name="membership_side_known",
                condition=models.Q(side__in=["training", "test", "temporal"]),
            ),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
        migrations.AlterField(
            model_name="study",
            name="newcomer_rule",
            field=models.CharField(
                choices=[
                    ("training", "new patients join the training side"),
                    ("temporal", "new patients form a temporal test set of their own"),
                    ("wait", "new patients wait without a side, for a later test"),
                ],
                default="training",
                help_text="What happens to labelled patients who come after the seal; fixed by it.",
                max_length=10,
            ),
        ),
    ]
