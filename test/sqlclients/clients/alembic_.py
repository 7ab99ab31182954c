import sys
import alembic, sqlalchemy as sa
from alembic import autogenerate
from alembic.migration import MigrationContext
from alembic.operations import Operations

engine = sa.create_engine("postgresql+psycopg2://")


def version():
    print(alembic.__version__)


def migrate():
    with engine.begin() as c:
        c.execute(sa.text("create schema alembic"))
        c.execute(sa.text("set search_path to alembic"))
        op = Operations(MigrationContext.configure(c))
        op.create_table("account", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50), nullable=False))
        op.add_column("account", sa.Column("age", sa.Integer, server_default="7"))
        op.create_index("account_name", "account", ["name"], unique=True)
        op.alter_column("account", "name", type_=sa.Text(), nullable=True)
        op.alter_column("account", "age", new_column_name="years", server_default=None)
        op.create_check_constraint("positive", "account", "years > 0")
        op.bulk_insert(sa.table("account", sa.column("name"), sa.column("years")), [{"name": "a", "years": 1}, {"name": "b", "years": 2}])
        op.create_table("post", sa.Column("id", sa.Integer, sa.Identity(), primary_key=True), sa.Column("account_id", sa.Integer))
        op.create_foreign_key("post_account", "post", "account", ["account_id"], ["id"], ondelete="CASCADE")
        op.drop_constraint("positive", "account")
        op.rename_table("post", "message")
        print(c.execute(sa.text("select id, name, years from account order by id")).all())
    with engine.connect() as c:
        c.execute(sa.text("set search_path to alembic"))
        meta = sa.MetaData()
        sa.Table("account", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text), sa.Column("years", sa.Integer), sa.Column("more", sa.Date))
        found = autogenerate.compare_metadata(MigrationContext.configure(c, opts={"compare_type": True, "compare_server_default": True}), meta)
        print(sorted(str(d[0]) for d in found))
    with engine.begin() as c:
        c.execute(sa.text("drop schema alembic cascade"))


globals()[sys.argv[1]]() if sys.argv[1] in globals() else sys.exit(3)
