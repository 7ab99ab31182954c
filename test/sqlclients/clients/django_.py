import io, os, sys
import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.admin", "django.contrib.messages"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"],
                           "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, SECRET_KEY="x", SILENCED_SYSTEM_CHECKS=["admin.E403", "admin.E408", "admin.E409", "admin.E410"])
django.setup()
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction


def version():
    print(django.get_version())


def connect():
    with connection.cursor() as c:
        c.execute("select %s", [1])
        print(c.fetchone(), connection.vendor, connection.pg_version // 10000)


def introspect():
    out = io.StringIO()
    with connection.cursor() as c:
        c.execute("set search_path to shop")
    call_command("inspectdb", "customer", "invoice", "open_invoice", include_views=True, stdout=out)
    print(out.getvalue())


def migrate():
    out = io.StringIO()
    call_command("migrate", verbosity=1, stdout=out, no_color=True)
    print(out.getvalue())
    with connection.cursor() as c:
        print(sorted(t.name for t in connection.introspection.get_table_list(c)))
        for table in "auth_user", "auth_permission":
            for name, x in sorted(connection.introspection.get_constraints(c, table).items()):
                print(table, name, {k: x[k] for k in sorted(x)})
    from django.contrib.auth.models import Permission
    print(Permission.objects.count())


def crud():
    from django.contrib.auth.models import Group, User
    u = User.objects.create_user("ann", "ann@example.com", "x")
    g = Group.objects.create(name="g")
    u.groups.add(g)
    User.objects.bulk_create([User(username="u%d" % i, is_staff=i % 2 == 0) for i in range(10)])
    print(list(User.objects.filter(groups__name="g").values_list("username", flat=True)), User.objects.filter(is_staff=True).count())
    print(list(User.objects.values("is_staff").annotate(n=models.Count("id")).order_by("is_staff")))
    print(User.objects.filter(username__startswith="u").update(first_name="x"), User.objects.filter(username__icontains="U1").delete()[0])
    print(Group.objects.get_or_create(name="g")[1])
    print(User.objects.aggregate(models.Max("id"))["id__max"] > 0)


def transactions():
    from django.contrib.auth.models import Group
    try:
        with transaction.atomic():
            Group.objects.create(name="h")
            Group.objects.create(name="h")
    except IntegrityError as e:
        print(e.__cause__.diag.sqlstate)
    with transaction.atomic():
        Group.objects.create(name="k")
        try:
            with transaction.atomic():
                Group.objects.create(name="k")
        except IntegrityError:
            print("inner rolled back")
        print(Group.objects.select_for_update(skip_locked=True).filter(name="k").count())
    print(sorted(Group.objects.values_list("name", flat=True)))


globals()[sys.argv[1]]() if sys.argv[1] in globals() else sys.exit(3)
