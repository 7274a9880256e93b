// All pages, as one Elysia plugin. They call the same hub functions as the API.
import { Elysia } from 'elysia';
import type { Hub } from '../../hub/hub.ts';
import type { Clock } from '../../protocol/clock.ts';
import { createAssets } from '../assets.ts';
import type { Auth } from '../auth.ts';
import type { IdentityProvider } from '../identity-provider.ts';
import { createAccountPages } from './account.tsx';
import { createAgentTokenPages } from './agent-tokens.tsx';
import { createAgentPages } from './agents.tsx';
import { createApiTokenPages } from './api-tokens.tsx';
import { createApprovalPages } from './approvals.tsx';
import { createAuditPages } from './audit.tsx';
import { createCommandOutput } from './command-output.ts';
import { createChangesPages } from './changes.tsx';
import { createCommandPages } from './commands.tsx';
import { createPasswordLinkPages } from './choose-password.tsx';
import { createComparePages } from './compare.tsx';
import { createGuard } from './guard.tsx';
import { createHubPages } from './hubs.tsx';
import { createLoginPages } from './login.tsx';
import { createOidcPages } from './oidc.tsx';
import { createTwoFactorPages } from './two-factor.tsx';
import { createPromptPages } from './prompts.tsx';
import { createQueuePages } from './queue.tsx';
import { createUserPages } from './users.tsx';

export interface PagesParts {
  hub: Hub;
  auth: Auth;
  clock: Clock;
  /** The hub's URL for agents; null to use the requested one. */
  publicUrl: string | null;
  /** Null without single sign-on. */
  provider: IdentityProvider | null;
}

/** Creates the pages, their fragments and forms, and the assets they load. */
export function createPages(parts: PagesParts) {
  const { hub, auth } = parts;
  const requireUser = createGuard(auth);
  return new Elysia({ name: 'pages' })
    .use(createAssets())
    .use(createLoginPages(auth, parts.provider?.name ?? null))
    .use(createOidcPages(parts))
    .use(createPasswordLinkPages(auth))
    .use(createAccountPages(hub, requireUser, parts))
    .use(createTwoFactorPages(hub, requireUser, auth))
    .use(createApiTokenPages(hub, requireUser, parts))
    .use(createUserPages(hub, requireUser, parts))
    .use(createAuditPages(hub, requireUser))
    .use(createHubPages(hub, requireUser))
    .use(createAgentPages(hub, requireUser, parts))
    .use(createAgentTokenPages(hub, requireUser, parts))
    .use(createCommandPages(hub, requireUser))
    .use(createCommandOutput(hub, requireUser))
    .use(createChangesPages(hub, requireUser))
    .use(createComparePages(hub, requireUser))
    .use(createApprovalPages(hub, requireUser))
    .use(createQueuePages(hub, requireUser))
    .use(createPromptPages(hub, requireUser));
}
