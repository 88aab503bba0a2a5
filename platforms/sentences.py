"""What more than one platform says: what stands for a removed comment, whom it protects."""

from platforms.base import N_

# Stands in the comment's place and is what `removed` looks for, so it never varies.
NOTICE = "Removed by a moderator. · Удалено модератором. · 已被审核员删除。"
BLANKED = N_("a notice takes the place of its title and text; answers stay")
OWN = N_("This is the account that Pult itself works with.")
STAFF = N_("This account belongs to an administrator, or to the site itself.")
