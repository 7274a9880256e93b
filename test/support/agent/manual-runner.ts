// A runner for prompts that does only what a test tells it to.
import type {
  ApprovalRequestContent,
  CommandSpec,
  ExitStatus,
  Run,
  RunContext,
  Runner,
  StopLevel,
} from '../../../src/agent/runner.ts';

export function createManualRunner() {
  const stops: StopLevel[] = [];
  const specs: CommandSpec[] = [];
  let exit: (status: ExitStatus) => void = () => undefined;
  let context: RunContext | null = null;
  let capabilities = ['prompt', '/review'];
  let onChange = () => {};
  let isClosed = false;

  const runner: Runner = {
    name: 'manual',
    version: '1',
    capabilities: () => capabilities,
    subscribe(listener) {
      onChange = listener;
    },
    start(spec, newContext): Run {
      specs.push(spec);
      context = newContext;
      const { promise: exited, resolve } = Promise.withResolvers<ExitStatus>();
      exit = resolve;
      return {
        exited,
        stop(level) {
          stops.push(level);
          if (level === 'kill') resolve({ kind: 'signaled', signal: 'SIGKILL' });
          return true;
        },
        pause: () => undefined,
        resume: () => undefined,
      };
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };

  return {
    runner,
    /** How the runs were stopped, in order. */
    stops,
    specs,
    exit: (status: ExitStatus) => exit(status),
    requestApproval(request: ApprovalRequestContent) {
      if (!context) throw new Error('no command has been started');
      return context.requestApproval(request);
    },
    setCapabilities(newCapabilities: string[]) {
      capabilities = newCapabilities;
      onChange();
    },
    isClosed: () => isClosed,
  };
}
