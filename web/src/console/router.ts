import { createRouter, createWebHistory } from 'vue-router'
import { t } from '@/words/console.ts'

declare module 'vue-router' {
  interface RouteMeta {
    title: string
  }
}

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/', name: 'inbox', meta: { title: t.nav.inbox }, component: () => import('./inbox/InboxPage.vue') },
    { path: '/records/:id', name: 'record', meta: { title: t.nav.inbox }, props: true, component: () => import('./record/RecordPage.vue') },
    { path: '/settings', name: 'settings', meta: { title: t.nav.settings }, component: () => import('./shell/SettingsPage.vue') },
    { path: '/quarantine', name: 'quarantine', meta: { title: t.nav.quarantine }, component: () => import('./quarantine/QuarantinePage.vue') },
    { path: '/points', name: 'points', meta: { title: t.nav.points }, component: () => import('./points/PointsPage.vue') },
    { path: '/orgs', name: 'orgs', meta: { title: t.nav.orgs }, component: () => import('./orgs/OrgsPage.vue') },
    { path: '/accounts', name: 'accounts', meta: { title: t.nav.accounts }, component: () => import('./accounts/AccountsPage.vue') },
    { path: '/audit', name: 'audit', meta: { title: t.nav.audit }, component: () => import('./audit/AuditPage.vue') },
    { path: '/rule-book', name: 'rule-book', meta: { title: t.nav.ruleBook }, component: () => import('./rule-book/RuleBookPage.vue') },
    { path: '/overview', name: 'overview', meta: { title: t.nav.overview }, component: () => import('./overview/OverviewPage.vue') },
    { path: '/devices', name: 'devices', meta: { title: t.nav.devices }, component: () => import('./devices/DevicesPage.vue') },
    { path: '/feedback', name: 'feedback', meta: { title: t.nav.feedback }, component: () => import('./feedback/FeedbackPage.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.afterEach((to) => {
  document.title = `${to.meta.title} · ${t.product}${t.console}`
})
