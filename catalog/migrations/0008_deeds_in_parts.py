from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_since_when_latest")]

    operations = [
        migrations.AddField(
            model_name="change",
            name="more_follow",
            field=models.BooleanField(default=False),
        ),
    ]
