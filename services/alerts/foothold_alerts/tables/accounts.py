"""Tables of who may come to the desk: accounts and their log-ins."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from foothold_alerts.tables.cases import Base


class AccountRow(Base):
    """A local account, its password as argon2id, and the area it may see.

    It also has whose steps it may take there.
    """

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    password_hash: Mapped[str] = mapped_column(Text)
    area: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SessionRow(Base):
    """A log-in. Only the hash of its token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account: Mapped[str] = mapped_column(Text, ForeignKey("accounts.name", ondelete="CASCADE"))
    csrf: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
