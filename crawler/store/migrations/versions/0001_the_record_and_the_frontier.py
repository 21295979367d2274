"""The record and the frontier"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('blocklist_snapshot',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='of the list as received'),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('retrieved_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_blocklist_snapshot')),
    sa.UniqueConstraint('source', 'sha256', name=op.f('uq_blocklist_snapshot_source_sha256'))
    )
    op.create_table('checkpoint',
    sa.Column('tree_size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('root_hash', sa.LargeBinary(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False, comment='the signed note'),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('tree_size', name=op.f('pk_checkpoint'))
    )
    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    op.create_table('complaint',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False, comment='of the address of its page'),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('subjects', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('contact', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('confirm_due', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('answer_due', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('close_due', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaint')),
    sa.UniqueConstraint('reference', name=op.f('uq_complaint_reference')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_complaint_token_hash'))
    )
    with op.batch_alter_table('complaint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaint_domain'), ['domain'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaint_state_id'), ['state', 'id'], unique=False)

    op.create_table('complaint_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaint.id'], name=op.f('fk_complaint_event_complaint_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaint_event'))
    )
    with op.batch_alter_table('complaint_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaint_event_complaint_id_id'), ['complaint_id', 'id'], unique=False)

    op.create_table('ownership',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False, comment='of the token that proves it'),
    sa.Column('method', sa.Text(), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('verified_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ownership')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_ownership_token_hash'))
    )
    with op.batch_alter_table('ownership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ownership_domain'), ['domain'], unique=False)

    op.create_table('crawler_identity',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('product_token', sa.Text(), nullable=False),
    sa.Column('user_agent', sa.Text(), nullable=False),
    sa.Column('from_address', sa.Text(), nullable=False),
    sa.Column('info_url', sa.Text(), nullable=False),
    sa.Column('signature_agent', sa.Text(), nullable=True),
    sa.Column('keyid', sa.Text(), nullable=True),
    sa.Column('signature_profile', sa.Text(), nullable=True),
    sa.Column('first_used', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crawler_identity')),
    sa.UniqueConstraint('hash', name=op.f('uq_crawler_identity_hash'))
    )
    op.create_table('publication',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False, comment='of canonical'),
    sa.Column('canonical', sa.Text(), nullable=False, comment='what we say about ourselves, as canonical JSON'),
    sa.Column('published_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('effective_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication'))
    )
    op.create_table('evidence',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('length', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_evidence'))
    )
    op.create_table('frontier_host',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('ready_at', sa.Float(), nullable=False),
    sa.Column('waiting', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_frontier_host')),
    sa.UniqueConstraint('name', name=op.f('uq_frontier_host_name'))
    )
    with op.batch_alter_table('frontier_host', schema=None) as batch_op:
        batch_op.create_index('frontier_host_ready', ['ready_at', 'id'], unique=False, sqlite_where=sa.text('waiting > 0'), postgresql_where=sa.text('waiting > 0'))

    op.create_table('policy_version',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('canonical', sa.Text(), nullable=False, comment='the terms as canonical JSON'),
    sa.Column('first_used', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_version'))
    )
    op.create_table('blocklist_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('snapshot_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('legal_ground', sa.Text(), nullable=False),
    sa.Column('jurisdiction', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('decision_ref', sa.Text(), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('record', sa.Text(), nullable=False, comment='JSON: the entry in interchange form'),
    sa.ForeignKeyConstraint(['snapshot_id'], ['blocklist_snapshot.id'], name=op.f('fk_blocklist_entry_snapshot_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_blocklist_entry'))
    )
    with op.batch_alter_table('blocklist_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_blocklist_entry_snapshot_id_value'), ['snapshot_id', 'value'], unique=False)
        batch_op.create_index(batch_op.f('ix_blocklist_entry_value'), ['value'], unique=False)

    op.create_table('crawl',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.Column('command', sa.Text(), nullable=False),
    sa.Column('software', sa.Text(), nullable=False, comment='what read and decided'),
    sa.Column('config', sa.Text(), nullable=False, comment='JSON'),
    sa.Column('identity_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.Text(), nullable=False),
    sa.Column('publication_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('keyid', sa.Text(), nullable=True),
    sa.Column('blocklist_set', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['identity_id'], ['crawler_identity.id'], name=op.f('fk_crawl_identity_id')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy_version.id'], name=op.f('fk_crawl_policy_id')),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_crawl_publication_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crawl'))
    )
    op.create_table('export',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('format', sa.Text(), nullable=False),
    sa.Column('filter', sa.Text(), nullable=False, comment='JSON: what was asked for'),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('rows', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('as_of', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False, comment='the last decision the record had then'),
    sa.Column('files', sa.Text(), nullable=False, comment='JSON: name, bytes, sha256, rows of each'),
    sa.Column('software', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_export'))
    )
    with op.batch_alter_table('export', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_export_name_id'), ['name', 'id'], unique=False)

    op.create_table('frontier_url',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.BigInteger(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('host_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.SmallInteger(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('due', sa.Float(), nullable=False),
    sa.Column('attempt', sa.SmallInteger(), nullable=False),
    sa.Column('depth', sa.Integer(), nullable=False),
    sa.Column('hops', sa.SmallInteger(), nullable=False),
    sa.Column('via', sa.Text(), nullable=True),
    sa.Column('source', sa.String(length=8), nullable=False),
    sa.ForeignKeyConstraint(['host_id'], ['frontier_host.id'], name=op.f('fk_frontier_url_host_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_frontier_url')),
    sa.UniqueConstraint('key', name=op.f('uq_frontier_url_key'))
    )
    with op.batch_alter_table('frontier_url', schema=None) as batch_op:
        batch_op.create_index('frontier_url_later', ['due'], unique=False, sqlite_where=sa.text('state = 3'), postgresql_where=sa.text('state = 3'))
        batch_op.create_index('frontier_url_leased', ['id'], unique=False, sqlite_where=sa.text('state = 1'), postgresql_where=sa.text('state = 1'))
        batch_op.create_index('frontier_url_ready', ['host_id', 'rank', 'id'], unique=False, sqlite_where=sa.text('state = 0'), postgresql_where=sa.text('state = 0'))

    op.create_table('notice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('publication_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.Text(), nullable=False, comment='tag URI of the feed entry'),
    sa.Column('category', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('changes', sa.Text(), nullable=False, comment='JSON: [label, before, after]'),
    sa.Column('published_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('effective_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['publication_id'], ['publication.id'], name=op.f('fk_notice_publication_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('entry_id', name=op.f('uq_notice_entry_id'))
    )
    op.create_table('reservation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('natural_key', sa.String(length=64), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('protocol', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('use', sa.Text(), nullable=True),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('policy_url', sa.Text(), nullable=True),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('evidence_sha256', sa.String(length=64), nullable=False),
    sa.Column('line', sa.Integer(), nullable=True),
    sa.Column('quote', sa.Text(), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('last_seen', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['evidence_sha256'], ['evidence.sha256'], name=op.f('fk_reservation_evidence_sha256')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reservation')),
    sa.UniqueConstraint('natural_key', name=op.f('uq_reservation_natural_key'))
    )
    with op.batch_alter_table('reservation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reservation_domain'), ['domain'], unique=False)
        batch_op.create_index(batch_op.f('ix_reservation_origin_kind'), ['origin', 'kind'], unique=False)

    op.create_table('decision',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('crawl_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('identity_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('url_hash', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('via', sa.Text(), nullable=True),
    sa.Column('host', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('lookup_key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False, comment='reversed host and path'),
    sa.Column('decided_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('reasons', sa.Text(), nullable=False, comment='JSON, most decisive first'),
    sa.Column('notes', sa.Text(), nullable=False, comment='JSON'),
    sa.Column('observations', sa.Text(), nullable=False, comment='JSON: ids of what was read'),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('media_type', sa.Text(), nullable=True),
    sa.Column('bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('body_sha256', sa.String(length=64), nullable=True),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.CheckConstraint("verdict IN ('keep', 'exclude', 'defer')", name=op.f('ck_decision_verdict')),
    sa.ForeignKeyConstraint(['crawl_id'], ['crawl.id'], name=op.f('fk_decision_crawl_id')),
    sa.ForeignKeyConstraint(['identity_id'], ['crawler_identity.id'], name=op.f('fk_decision_identity_id')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy_version.id'], name=op.f('fk_decision_policy_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision'))
    )
    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_decision_crawl_id_id'), ['crawl_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_decision_domain_decided_at'), ['domain', 'decided_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_decision_lookup_key'), ['lookup_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_decision_reason_id'), ['reason', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_decision_url_hash_id'), ['url_hash', 'id'], unique=False)

    op.create_table('observation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('crawl_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('evidence_sha256', sa.String(length=64), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('fields', sa.Text(), nullable=False, comment='JSON: header lines in order'),
    sa.Column('redirects', sa.Text(), nullable=False, comment='JSON: [status, location]'),
    sa.Column('details', sa.Text(), nullable=False, comment='JSON'),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('fetched_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('warc_file', sa.Text(), nullable=True),
    sa.Column('warc_offset', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('warc_length', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['crawl_id'], ['crawl.id'], name=op.f('fk_observation_crawl_id')),
    sa.ForeignKeyConstraint(['evidence_sha256'], ['evidence.sha256'], name=op.f('fk_observation_evidence_sha256')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_observation'))
    )
    with op.batch_alter_table('observation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_observation_origin_kind_fetched_at'), ['origin', 'kind', 'fetched_at'], unique=False, sqlite_where=sa.text("kind NOT IN ('response', 'html-signals')"), postgresql_where=sa.text("kind NOT IN ('response', 'html-signals')"))
        batch_op.create_index(batch_op.f('ix_observation_warc_file_warc_offset_warc_length'), ['warc_file', 'warc_offset', 'warc_length'], unique=False, sqlite_where=sa.text('warc_file IS NOT NULL'), postgresql_where=sa.text('warc_file IS NOT NULL'))

    op.create_table('omitted',
    sa.Column('crawl_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['crawl_id'], ['crawl.id'], name=op.f('fk_omitted_crawl_id')),
    sa.PrimaryKeyConstraint('crawl_id', 'origin', 'reason', 'stage', 'verdict', name=op.f('pk_omitted'))
    )
    with op.batch_alter_table('omitted', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_omitted_domain'), ['domain'], unique=False)

    op.create_table('complaint_decision',
    sa.Column('complaint_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('decision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaint.id'], name=op.f('fk_complaint_decision_complaint_id')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_complaint_decision_decision_id')),
    sa.PrimaryKeyConstraint('complaint_id', 'decision_id', name=op.f('pk_complaint_decision'))
    )
    op.create_table('document',
    sa.Column('decision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('crawl_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('url_hash', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('domain', sa.Text(), nullable=False),
    sa.Column('media_type', sa.Text(), nullable=False),
    sa.Column('bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('warc_file', sa.Text(), nullable=False),
    sa.Column('warc_offset', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('warc_length', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=True),
    sa.Column('withdrawn_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['crawl_id'], ['crawl.id'], name=op.f('fk_document_crawl_id')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_document_decision_id')),
    sa.PrimaryKeyConstraint('decision_id', name=op.f('pk_document')),
    sa.UniqueConstraint('url_hash', 'crawl_id', name=op.f('uq_document_url_hash_crawl_id'))
    )
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_domain_media_type'), ['domain', 'media_type'], unique=False)
        batch_op.create_index(batch_op.f('ix_document_warc_file_warc_offset_warc_length'), ['warc_file', 'warc_offset', 'warc_length'], unique=False)

    op.create_table('log_entry',
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('leaf_hash', sa.LargeBinary(), nullable=False),
    sa.Column('entry', sa.LargeBinary(), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=True),
    sa.Column('decision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('crawl_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True).with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['crawl_id'], ['crawl.id'], name=op.f('fk_log_entry_crawl_id')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_log_entry_decision_id')),
    sa.PrimaryKeyConstraint('position', name=op.f('pk_log_entry')),
    sa.UniqueConstraint('crawl_id', name=op.f('uq_log_entry_crawl_id')),
    sa.UniqueConstraint('decision_id', name=op.f('uq_log_entry_decision_id'))
    )



def downgrade() -> None:
    """A record is never taken back; restore a copy instead."""
    raise NotImplementedError
