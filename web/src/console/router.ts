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
    { path: '/feedback', name: 'feedback', meta: { title: t.nav.feedback }, component: () => import('./feedback/FeedbackPage.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.afterEach((to) => {
  document.title = `${to.meta.title} · ${t.product}${t.console}`
})
