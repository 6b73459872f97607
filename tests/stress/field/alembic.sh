# Alembic's batch migrations: a parent rebuilt under children, one of them an orphan; up, down, up, down.
$with alembic init m >/dev/null
sed -i 's#^sqlalchemy.url.*#sqlalchemy.url = sqlite:///a.db#' alembic.ini
sed -i 's/connection=connection, /connection=connection, render_as_batch=True, /' m/env.py
cat >m/versions/r1.py <<'Q'
from alembic import op
import sqlalchemy as sa
revision, down_revision = 'r1', None
def upgrade():
    op.create_table('u', sa.Column('id', sa.Integer, primary_key=True), sa.Column('n', sa.String(9)))
    op.create_table('p', sa.Column('id', sa.Integer, primary_key=True), sa.Column('uid', sa.Integer, sa.ForeignKey('u.id', ondelete='CASCADE')))
    op.execute("INSERT INTO u VALUES(1,'a'),(2,'b')")
    op.execute('INSERT INTO p VALUES(1,1),(2,2)')
def downgrade():
    op.drop_table('u')
    op.drop_table('p')
Q
cat >m/versions/r2.py <<'Q'
from alembic import op
import sqlalchemy as sa
revision, down_revision = 'r2', 'r1'
def upgrade():
    with op.batch_alter_table('u') as batch:
        batch.alter_column('n', type_=sa.Text(), nullable=False)
        batch.add_column(sa.Column('z', sa.Integer, server_default='3'))
    with op.batch_alter_table('p', recreate='always') as batch:
        batch.add_column(sa.Column('t', sa.Text))
def downgrade():
    with op.batch_alter_table('u') as batch:
        batch.drop_column('z')
    with op.batch_alter_table('p') as batch:
        batch.drop_column('t')
Q
export PYTHONDONTWRITEBYTECODE=1
for step in 'upgrade head' 'downgrade r1' 'upgrade head' 'downgrade base' 'upgrade head'; do
	$with alembic $step 2>/dev/null || echo "failed: $step"
	sqlite3 a.db .dump
done
