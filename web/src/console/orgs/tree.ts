/** The caller's part of the organisation, in the district's own order, as the server gives it. */
import { reactive } from 'vue'
import { api, ask, askAll } from '../api/client.ts'
import type { OrgRow, OrgType } from '../api/types.ts'

const BRANCHES: ReadonlySet<OrgType> = new Set(['branch', 'joint_branch', 'mobile_branch', 'temporary_branch'])

export function isBranch(org: OrgRow): boolean {
  return BRANCHES.has(org.org_type)
}

export class OrgTree {
  private readonly byId: ReadonlyMap<string, OrgRow>
  private readonly below: ReadonlyMap<string | null, readonly OrgRow[]>
  /** All nodes, each behind the node above it. */
  readonly inOrder: readonly OrgRow[]

  constructor(rows: readonly OrgRow[]) {
    this.byId = new Map(rows.map((row) => [row.id, row]))
    const below = new Map<string | null, OrgRow[]>()
    for (const row of rows) {
      const above = row.parent && this.byId.has(row.parent) ? row.parent : null
      below.set(above, [...(below.get(above) ?? []), row])
    }
    this.below = below
    const walk = (above: string | null): OrgRow[] => this.children(above).flatMap((row) => [row, ...walk(row.id)])
    this.inOrder = walk(null)
  }

  get(id: string | null | undefined): OrgRow | undefined {
    return id ? this.byId.get(id) : undefined
  }

  children(id: string | null): readonly OrgRow[] {
    return this.below.get(id) ?? []
  }

  nameOf(id: string): string {
    return this.byId.get(id)?.name ?? ''
  }

  /** The nodes above, from the top, without the node itself. */
  above(id: string): OrgRow[] {
    const path: OrgRow[] = []
    let row = this.get(this.byId.get(id)?.parent)
    while (row && !path.includes(row)) {
      path.unshift(row)
      row = this.get(row.parent)
    }
    return path
  }

  /** The township or the like that a branch belongs to: the node right below the district. */
  townshipOf(id: string): OrgRow | undefined {
    return [...this.above(id), this.get(id)].find((row) => row && row.org_type !== 'district' && row.org_type !== 'group')
  }

  branchesBelow(id: string | null): OrgRow[] {
    return this.children(id).flatMap((row) => [...(isBranch(row) ? [row] : []), ...this.branchesBelow(row.id)])
  }

  /** Where a range of work can be chosen: what may be read, party groups apart. */
  get ranges(): OrgRow[] {
    return this.inOrder.filter((row) => row.is_readable && row.org_type !== 'group')
  }

  get townships(): OrgRow[] {
    return this.inOrder.filter((row) => !isBranch(row) && row.org_type !== 'group' && row.org_type !== 'district')
  }

  get district(): OrgRow | undefined {
    return this.inOrder.find((row) => row.org_type === 'district')
  }
}

export const orgs = reactive<{ tree: OrgTree; read: boolean }>({ tree: new OrgTree([]), read: false })

export async function readOrgs(): Promise<void> {
  const rows = await askAll((after) =>
    ask(() => api.GET('/v1/console/orgs', { params: { query: { limit: 500, ...(after ? { after } : {}) } } })),
  )
  orgs.tree = new OrgTree(rows)
  orgs.read = true
}
