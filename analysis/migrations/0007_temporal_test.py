"""Ensembles are judged on the temporal test too: by a job and in a look of its own."""

from django.db import migrations, models

SIDES = [
    ("apparent", "training, apparent (resubstitution)"),
    ("oof", "training, out of fold"),
    ("test", "test"),
    ("temporal", "temporal test"),
]
NEEDS_LOOK = ~models.Q(cohort__in=["test", "temporal"]) | models.Q(look__isnull=False)


class Migration(migrations.Migration):
    """No evaluation of a held-out side without a look."""

    dependencies = [("analysis", "0006_promotion_append_only"), ("studies", "0017_look_side")]
    operations = [
        migrations.RemoveConstraint(model_name="evaluation", name="evaluation_test_needs_look"),
        migrations.RemoveConstraint(model_name="supplement", name="supplement_test_needs_look"),
        migrations.AlterField(
            model_name="evaluation",
            name="cohort",
            field=models.CharField(choices=SIDES, max_length=10),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("detect", "find the lesion"),
                    ("describe", "compute features"),
                    ("learn", "train the ensemble"),
                    ("judge", "judge on the test side"),
                    ("judge_temporal", "judge on the temporal test"),
                    ("supplement", "further analyses"),
                    ("train_detector", "train the detector"),
                    ("report", "write the report"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="supplement",
            name="cohort",
            field=models.CharField(choices=SIDES, default="oof", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="evaluation",
            constraint=models.CheckConstraint(condition=NEEDS_LOOK, name="evaluation_test_needs_look"),
        ),
        migrations.AddConstraint(
            model_name="supplement",
            constraint=models.CheckConstraint(condition=NEEDS_LOOK, name="supplement_test_needs_look"),
        ),
    ]
