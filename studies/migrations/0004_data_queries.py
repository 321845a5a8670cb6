"""Data queries and their threads; the entries of a thread are written once."""

import importlib

import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


TABLES = ["studies_querynote"]
triggers = importlib.import_module("studies.migrations.0002_append_only")


def create_triggers(apps, schema_editor):
    """Refuse UPDATE and DELETE of the entries."""
    triggers.create_triggers(apps, schema_editor, tables=TABLES)


def drop_triggers(apps, schema_editor, verbs=("update", "delete")):
    """Remove the triggers again."""
    triggers.drop_triggers(apps, schema_editor, tables=TABLES, verbs=verbs)


class Migration(migrations.Migration):

    dependencies = [
        ('studies', '0003_hospital_link'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='clinicalrecord',
            name='grade',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'G1'), (2, 'G2'), (3, 'G3')], null=True, verbose_name='grade'),
        ),
        migrations.AlterField(
            model_name='clinicalrecord',
            name='histology',
            field=models.CharField(blank=True, default='', max_length=100, verbose_name='histology'),
        ),
        migrations.AlterField(
            model_name='exam',
            name='performed_on',
            field=models.DateField(blank=True, null=True, verbose_name='performed on'),
        ),
        migrations.AlterField(
            model_name='exam',
            name='phase',
            field=models.CharField(choices=[('baseline', 'baseline'), ('neoadjuvant', 'during neoadjuvant therapy'), ('before_surgery', 'before surgery')], default='baseline', max_length=20, verbose_name='phase'),
        ),
        migrations.AlterField(
            model_name='label',
            name='comment',
            field=models.TextField(blank=True, verbose_name='comment'),
        ),
        migrations.AlterField(
            model_name='label',
            name='probe',
            field=models.CharField(blank=True, choices=[('', 'not done'), ('dual', 'dual probe'), ('single', 'single probe')], default='', max_length=6, verbose_name='ISH probe'),
        ),
        migrations.AlterField(
            model_name='lesion',
            name='clock_position',
            field=models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(12)], verbose_name='clock position'),
        ),
        migrations.AlterField(
            model_name='lesion',
            name='laterality',
            field=models.CharField(blank=True, choices=[('L', 'left'), ('R', 'right'), ('', 'not recorded')], default='', max_length=1, verbose_name='side'),
        ),
        migrations.AlterField(
            model_name='specimen',
            name='fixation_hours',
            field=models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='fixation (hours)'),
        ),
        migrations.AlterField(
            model_name='specimen',
            name='kind',
            field=models.CharField(choices=[('core', 'core needle biopsy'), ('excision', 'surgical excision'), ('node', 'lymph node'), ('metastasis', 'metastasis')], max_length=12, verbose_name='specimen'),
        ),
        migrations.AlterField(
            model_name='specimen',
            name='taken_on',
            field=models.DateField(blank=True, null=True, verbose_name='taken on'),
        ),
        migrations.CreateModel(
            name='DataQuery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('subject', models.CharField(choices=[('clinical', 'clinical values'), ('lesion', 'lesion'), ('exam', 'visit'), ('pathology', 'pathology'), ('other', 'other')], max_length=10)),
                ('field', models.CharField(blank=True, help_text='Name of the field; empty = the whole.', max_length=60)),
                ('code', models.CharField(blank=True, help_text="Code of the rule; empty for a person's.", max_length=60)),
                ('text', models.CharField(max_length=1000)),
                ('sentence', models.JSONField(blank=True, default=dict, help_text="Template and values of a rule's sentence, for translation.")),
                ('values_digest', models.CharField(blank=True, max_length=64)),
                ('source', models.CharField(choices=[('rule', 'a rule'), ('import', 'an import'), ('person', 'a person')], max_length=8)),
                ('status', models.CharField(choices=[('open', 'open'), ('answered', 'answered'), ('closed', 'closed')], default='open', max_length=10)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('label', models.ForeignKey(blank=True, help_text='The reading in question: its other readers stay blind to it.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='data_queries', to='studies.label')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='data_queries', to='studies.patient')),
                ('raised_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'data queries',
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='QueryNote',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('kind', models.CharField(choices=[('raised', 'raised'), ('answered', 'answered'), ('closed', 'closed'), ('reopened', 're-opened')], max_length=10)),
                ('text', models.CharField(blank=True, max_length=1000)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('query', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='studies.dataquery')),
            ],
            options={
                'ordering': ['created_at'],
            },
        ),
        migrations.AddIndex(
            model_name='dataquery',
            index=models.Index(fields=['patient', 'status'], name='studies_dat_patient_e87131_idx'),
        ),
        migrations.AddIndex(
            model_name='dataquery',
            index=models.Index(fields=['status', '-created_at'], name='studies_dat_status_f81a24_idx'),
        ),
        migrations.AddConstraint(
            model_name='dataquery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('status', 'closed')), models.Q(models.Q(('status', 'closed'), _negated=True), ('closed_at__isnull', True)), _connector='OR'), name='data_query_closed_has_date'),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
