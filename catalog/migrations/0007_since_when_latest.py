"""Since when agents offer their latest version, for those that were published before that was noted."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils import timezone


def begin_now(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Too late is safe: who asks by an earlier time gets the file once more. Too early could withhold one."""
    agents = apps.get_model("catalog", "Agent").objects.using(schema_editor.connection.alias)
    agents.filter(latest_version__isnull=False, latest_at=None).update(latest_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_api_tokens")]

    operations = [migrations.RunPython(begin_now, migrations.RunPython.noop)]
