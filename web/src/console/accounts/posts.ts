/** Posts in words, and which of them may be given at an org. */
import { t } from '@/words/console.ts'
import type { OrgRow, Post, Role } from '../api/types.ts'
import { isBranch, orgs } from '../orgs/tree.ts'

export function postWords(post: Post): string {
  return t.accounts.postAt(t.role[post.role], orgs.tree.nameOf(post.org))
}

/** The roles that make sense at a node of the tree; the server judges whether this caller may give them. */
export function rolesAt(org: OrgRow | undefined): Role[] {
  if (!org) return []
  if (org.org_type === 'district') return ['district_admin', 'district_reviewer', 'observer']
  if (org.org_type === 'group') return ['group_leader', 'member', 'observer']
  if (isBranch(org)) return ['branch_secretary', 'branch_recorder', 'member', 'observer']
  return ['township_officer', 'observer']
}
