import { useParams } from 'react-router';
import { WatchView } from '../ui/WatchView.tsx';

/** One session, live or recorded. */
export function WatchPage() {
  const { sessionId = '' } = useParams();
  return <WatchView key={sessionId} sessionId={sessionId} />;
}
