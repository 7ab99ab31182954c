import sys
import sqlalchemy as sa
from sqlalchemy import orm

engine = sa.create_engine("postgresql+psycopg2://")


def version():
    print(sa.__version__)


def connect():
    with engine.connect() as c:
        print(c.execute(sa.text("select :a || 'b'"), {"a": "a"}).scalar(), engine.dialect.server_version_info[0], engine.dialect.default_schema_name)


def introspect():
    i = sa.inspect(engine)
    print(sorted(s for s in i.get_schema_names() if s != "tributary"), sorted(i.get_table_names("shop")), i.get_view_names("shop"), i.get_enums("shop"))
    for t in "customer", "invoice":
        for c in i.get_columns(t, "shop"):
            print({k: str(v) for k, v in sorted(c.items())})
        print(i.get_pk_constraint(t, "shop"), i.get_foreign_keys(t, "shop"), i.get_unique_constraints(t, "shop"))
        print(i.get_indexes(t, "shop"), [c["name"] for c in i.get_check_constraints(t, "shop")], i.get_table_comment(t, "shop"))
    meta = sa.MetaData()
    meta.reflect(engine, schema="shop", only=["customer", "invoice"], views=True)
    print(sorted(meta.tables), [str(f) for f in meta.tables["shop.invoice"].foreign_keys])


class Base(orm.DeclarativeBase):
    pass


class Author(Base):
    __tablename__, __table_args__ = "sa_author", {"schema": "shop"}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(40), unique=True)
    books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author", cascade="all, delete-orphan", order_by="Book.id")


class Book(Base):
    __tablename__, __table_args__ = "sa_book", {"schema": "shop"}
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("shop.sa_author.id"))
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")


def crud():
    Base.metadata.create_all(engine)
    with orm.Session(engine) as s:
        s.add_all([Author(name="a%d" % i, books=[Book(title="t%d" % j) for j in range(i)]) for i in range(4)])
        s.commit()
        print(s.execute(sa.select(Author.name, sa.func.count(Book.id)).outerjoin(Author.books).group_by(Author.name).order_by(Author.name)).all())
        a = s.scalars(sa.select(Author).where(Author.name == "a3").options(orm.selectinload(Author.books))).one()
        a.books.pop()
        a.name = "z"
        s.commit()
        print([b.title for b in a.books], s.scalar(sa.select(sa.func.count()).select_from(Book)))
        from sqlalchemy.dialects.postgresql import insert
        up = insert(Author).values(name="z")
        print(s.execute(up.on_conflict_do_update(index_elements=["name"], set_={"name": up.excluded.name + "!"}).returning(Author.name)).scalar())
        s.commit()
    Base.metadata.drop_all(engine)


def transactions():
    with engine.begin() as c:
        c.execute(sa.text("create table shop.sa_tx (id int primary key)"))
        try:
            with c.begin_nested():
                c.execute(sa.text("insert into shop.sa_tx values (1), (1)"))
        except sa.exc.IntegrityError as e:
            print(e.orig.pgcode)
        c.execute(sa.text("insert into shop.sa_tx values (2)"))
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as c:
        print(c.get_isolation_level(), c.execute(sa.text("select id from shop.sa_tx")).all())


globals()[sys.argv[1]]() if sys.argv[1] in globals() else sys.exit(3)
