import os, pathlib, sys, tempfile

import psycopg2
from dbt.cli.main import dbtRunner

root = pathlib.Path(tempfile.mkdtemp())
os.environ.update(DBT_SEND_ANONYMOUS_USAGE_STATS="false", DO_NOT_TRACK="1", DBT_LOG_PATH=str(root / "logs"), DBT_TARGET_PATH=str(root / "target"))


def project():
    files = {
        "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodel-paths: [models]\nseed-paths: [seeds]\nsnapshot-paths: [snapshots]\n",
        "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: %s, port: %s, user: %s, password: x, dbname: %s, schema: dbt, threads: 2}\n"
                        % tuple(os.environ[k] for k in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE")),
        "seeds/city.csv": "id,name,people\n1,Rome,2.8\n2,Oslo,0.7\n",
        "models/big.sql": "select * from {{ ref('city') }} where people > 1",
        "models/counted.sql": "{{ config(materialized='table') }} select count(*) as n from {{ ref('big') }}",
        "models/grown.sql": "{{ config(materialized='incremental', unique_key='id') }} select id, name from {{ ref('city') }} {% if is_incremental() %} where id > 0 {% endif %}",
        "models/live.sql": "{{ config(materialized='materialized_view') }} select id, people * 2 as twice from {{ ref('city') }}",
        "models/schema.yml": "models:\n  - name: big\n    description: big ones\n    columns: [{name: id, data_tests: [unique, not_null]}]\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)


def dbt(*args):
    r = dbtRunner().invoke([*args, "--project-dir", str(root), "--profiles-dir", str(root), "--quiet", "--no-version-check"])
    for n in sorted(getattr(r.result, "results", None) or [], key=lambda n: n.node.name):
        print(args[0], n.node.name, n.status, "" if str(n.status) in ("success", "pass") else n.message)
    if r.exception:
        print(r.exception)


def version():
    import dbt.adapters.postgres.__version__ as v
    print(v.version)


def connect():
    project()
    dbt("debug")


def crud():
    project()
    for args in ("seed",), ("run",), ("run",), ("test",), ("docs", "generate"):
        dbt(*args)
    c = psycopg2.connect("").cursor()
    for t in "big", "counted", "grown", "live":
        c.execute("select * from dbt.%s order by 1" % t)
        print(t, c.fetchall())


globals()[sys.argv[1]]() if sys.argv[1] in globals() else sys.exit(3)
