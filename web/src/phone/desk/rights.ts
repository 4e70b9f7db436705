// Which buttons a person is shown. The server judges; this only keeps him from a button that would be refused.

import type { Me, OrgId, Role } from '@/core/api'

function holds(me: Me, org: OrgId | null, roles: readonly Role[]): boolean {
  return me.posts.some((post) => post.org === org && roles.includes(post.role))
}

/** Secretary or recorder of the branch. */
export const isDesk = (me: Me, branch: OrgId): boolean => holds(me, branch, ['branch_secretary', 'branch_recorder'])
export const isSecretary = (me: Me, branch: OrgId): boolean => holds(me, branch, ['branch_secretary'])
export const leadsGroup = (me: Me, group: OrgId | null): boolean => holds(me, group, ['group_leader'])

/** The branches of which he keeps the record. */
export const desks = (me: Me): OrgId[] => me.branches.filter((branch) => isDesk(me, branch))

/** The branch that a page starts with: one he keeps, or the one he belongs to. */
export const firstBranch = (me: Me): OrgId | null => desks(me)[0] ?? me.branches[0] ?? null

export const orgName = (me: Me, org: OrgId | null): string => me.orgs.find((one) => one.id === org)?.name ?? ''
export const orgOfType = (me: Me, type: string): string | null => me.orgs.find((one) => one.org_type === type)?.name ?? null
